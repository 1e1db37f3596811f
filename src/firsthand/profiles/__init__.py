"""One data file per craft: steps, key data elements with units, spreadsheet mappings."""
