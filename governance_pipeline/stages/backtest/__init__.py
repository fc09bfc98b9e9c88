"""Past nights and reviews under another playbook, from what the store holds of them."""
