"""How questions fare when there is a hundred times as much: `make scale`, too long for `make test`."""
