"""The page's tabs, a file each: components, and which event calls which function."""
