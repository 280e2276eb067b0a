"""Raw BSON, found and written by C where it is compiled; its twins are whole arrays of numpy."""
