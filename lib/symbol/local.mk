# lib/symbol: see CONTRIBUTING.md
