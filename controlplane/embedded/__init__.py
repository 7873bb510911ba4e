"""Everything  starts, from registry packages."""
