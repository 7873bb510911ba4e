"""Commands that look after the data of several apps: keys, figures, prices."""
