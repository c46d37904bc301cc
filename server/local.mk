# server: see CONTRIBUTING.md
