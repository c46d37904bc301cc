# examples: see CONTRIBUTING.md
