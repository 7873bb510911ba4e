"""The back office: what the admin pages of all apps share."""
