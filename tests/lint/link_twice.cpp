// Both objects of this program include every header of stx.
int first();
int second();
int main() { return first() + second(); }
