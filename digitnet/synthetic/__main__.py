"""python -m digitnet.synthetic SHEET.png draws every way of writing."""

from digitnet.synthetic.writer import main

main()
