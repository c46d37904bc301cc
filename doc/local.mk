# doc: see CONTRIBUTING.md
