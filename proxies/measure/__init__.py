"""What proxies look at, measured once for all of them."""
