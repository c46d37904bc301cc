# lib/analysis: see CONTRIBUTING.md
