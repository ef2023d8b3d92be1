-- Reservations and tokens are records: these are how they are listed and found.
CREATE INDEX records_reservations ON records ((doc ->> 'created_at') DESC, name DESC)
    WHERE collection = 'reservations';
CREATE INDEX records_reservation ON records ((doc ->> 'id')) WHERE collection = 'reservations';
CREATE INDEX records_tokens ON records ((coalesce(doc ->> 'created_at', '')) DESC, name DESC)
    WHERE collection = 'tokens';
