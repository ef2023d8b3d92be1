"""Reports: questions to the summaries of all sessions, and the forms their answers come in."""
