"""The console: what a merchant reads. Each page calls the views that REST calls, and renders them."""
