-- Security events are among the messages of stations; these are listed by time, station and type.
CREATE INDEX station_messages_security ON station_messages (received_at DESC, station_id DESC, message_id DESC)
    WHERE action = 'SecurityEventNotification';
