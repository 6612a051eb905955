"""What runs beside the functions: the guard, and what the runtimes find besides their own code."""
