"""What commands print of a record."""

from csms.cli.tables import print_fields


def test_a_member_with_members_is_told_in_words(capsys):
    print_fields("S", {"cost": {"total": "10.00", "currency": "SEK"}, "limit_now": {}, "end": None})
    told = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert told == [
        "S",
        "  cost       total 10.00, currency SEK",
        "  limit_now  -",
        "  end        -",
    ]
