"""What the figures of docs/benchmarks.md come from: a command for each of its sections.

python -m benchmarks            measures everything, one after another
python -m benchmarks.NAME       measures, prints, and writes benchmarks/results/NAME.json
python -m benchmarks.report     makes docs/benchmarks.md of these files
"""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
