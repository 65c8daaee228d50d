"""Commands for whoever runs the installation; they work on its database directly."""
