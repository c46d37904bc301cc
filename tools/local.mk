# tools: see CONTRIBUTING.md
