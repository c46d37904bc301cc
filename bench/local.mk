# bench: see CONTRIBUTING.md
