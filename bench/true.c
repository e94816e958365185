/* The least program: what starting it costs is what starting costs. */
int main(void)
{
	return 0;
}
