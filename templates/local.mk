# templates: see CONTRIBUTING.md
