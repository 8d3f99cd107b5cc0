"""`python -m bot.cli`: the same commands, for whoever has the interpreter and not the script."""

from bot.cli import main

main()
