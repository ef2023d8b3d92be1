"""Samples and limits in, findings out: what deviates from the profile, and since when. PURE."""
