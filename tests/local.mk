# tests: see CONTRIBUTING.md
