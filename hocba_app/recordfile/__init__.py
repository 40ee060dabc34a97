"""The format of a record's file: manifest, base revision, incremental writer, reader, validation data. No database, no settings."""
