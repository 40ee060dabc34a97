"""Records as they are read on screens, before and after they are signed."""
