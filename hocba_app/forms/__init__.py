"""What a record looks like on paper: a snapshot becomes pages and the places of its signatures. No database, no settings."""
