"""Our pages in Flower: what an operator needs to see what is stuck and to mend it, behind Flower's own login."""
