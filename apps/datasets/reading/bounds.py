"""What is accepted at most. Nobody trains on more, and readers stay small."""

LINE_MAX_BYTES = 1024**2
DEPTH_MAX = 20
COLUMNS_MAX = 100
COLUMN_NAME_MAX = 200
ROW_GROUP_MAX_BYTES = 1024**3  # uncompressed; a small Parquet file can unpack into a very large one
PARQUET_BATCH_ROWS = 256
PARQUET_NESTED_BATCH_ROWS = 16  # texts inside of lists and objects can only be read laid out
