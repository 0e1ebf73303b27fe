"""What a picture or a drawing shows: its ink, without the paper, and the digits in it."""
