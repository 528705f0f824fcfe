"""The portal: what a partner reads and does. Each page calls what REST's partner side calls, and renders it."""
