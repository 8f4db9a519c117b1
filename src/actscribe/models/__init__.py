"""Networks, and only networks."""
