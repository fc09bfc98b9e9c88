"""What was found, in the formats that other tools read: JUnit, SARIF, Markdown."""
