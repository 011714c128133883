"""The parts of the Admin page, for administrators only. Each changes things by one service of `warehouse`."""
