"""The evidence pack: everything that is known of one model version, in a folder that an auditor takes away.

``record`` reads it once; ``parts`` makes each file of it as bytes, and ``pack`` signs and writes them. The
same record gives the same bytes: times are those of the record, never the clock's.
"""
