"""Everything that `make up` starts, all of it from registry packages."""
