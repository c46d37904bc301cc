# lib: see CONTRIBUTING.md
