"""How a step is held to its `Walls`: what each tier does, and which of them this machine really has."""
