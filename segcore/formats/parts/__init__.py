"""What several formats share: names, label arrays, parallel work, matching images; no formats of its own."""
