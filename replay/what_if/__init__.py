"""What another rulebook would have changed: what families really asked, asked again in memory. Nothing is written."""
