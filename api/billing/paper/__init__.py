"""What families and the régie are handed: invoices, tax certificates, files that open in a spreadsheet."""
