"""Where the emulator runs: its process, its port, its world's folder, the environment of a shell."""
