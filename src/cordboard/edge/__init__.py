"""Where the outside meets Cordboard."""
