# lib/report: see CONTRIBUTING.md
