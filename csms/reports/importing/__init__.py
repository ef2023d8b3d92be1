"""Sessions from elsewhere: read from files of several kinds, checked, and made sessions here."""
