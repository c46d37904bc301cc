# server/render: see CONTRIBUTING.md
